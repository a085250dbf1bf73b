import { KiB, concatBytes, equalBytes } from '../base/bytes.ts'
import { JsonReader, KnownStrings, brace, bracket } from './json-reader.ts'
import { compareNames, nameToBytes } from './name.ts'
import { type Node, type WrittenNode, formatNode } from './node.ts'
import { readNode } from './node-reader.ts'

const treeMembers = new KnownStrings(['nodes'])

/**
 * The entries of a directory, from the blob that holds them: `{"nodes":[…]}` and a line end.
 *
 * Names are what the writer of the tree wanted them to be. Ask `isSafeName` before one becomes part
 * of a path.
 *
 * @throws CorruptDataError check 'json'; 'value' when a name is empty, repeated or out of order, or
 * when a number does not fit
 * @throws UnsupportedError for a type of node that does not exist yet
 */
export function parseTree(bytes: Uint8Array, what: string): Node[] {
  const reader = new JsonReader(bytes, what)
  let nodes: Node[] | undefined
  for (let more = reader.enter(brace); more; more = reader.next(brace)) {
    if (reader.member(treeMembers) !== 'nodes') reader.skip()
    else nodes = reader.takeNull() ? [] : readNodes(reader)
  }
  reader.end()
  if (nodes === undefined) throw reader.damaged()
  return nodes
}

function readNodes(reader: JsonReader): Node[] {
  const nodes: Node[] = []
  let previous = ''
  for (let more = reader.enter(bracket); more; more = reader.next(bracket)) {
    const node = readNode(reader)
    if (compareNames(previous, node.name) >= 0) throw reader.damaged('value')
    previous = node.name
    nodes.push(node)
  }
  return nodes
}

/**
 * The blob of a directory, byte for byte as restic writes it.
 *
 * @throws TypeError when a name is empty, repeated or not in the order of `compareNames`
 */
export function formatTree(nodes: Iterable<Node | WrittenNode>): Uint8Array {
  const parts: Uint8Array[] = []
  let text = '{"nodes":['
  let previous = ''
  for (const node of nodes) {
    if (compareNames(previous, node.name) >= 0) {
      throw new TypeError(`${JSON.stringify(node.name)} is not behind ${JSON.stringify(previous)}`)
    }
    if (previous !== '') text += ','
    text += 'json' in node ? node.json : formatNode(node)
    previous = node.name
    if (text.length >= textLengthMax) {
      parts.push(nameToBytes(text))
      text = ''
    }
  }
  parts.push(nameToBytes(`${text}]}\n`))
  return concatBytes(parts)
}

/**
 * Texts are encoded before the garbage collector has seen them twice; one text of a tree with
 * 100,000 nodes takes twice the time.
 */
const textLengthMax = 32 * KiB

/**
 * Whether the tree can be written again without losing anything. Rewriting one that cannot would
 * drop what this version does not understand.
 */
export function treeIsExact(bytes: Uint8Array, what: string): boolean {
  return equalBytes(formatTree(parseTree(bytes, what)), bytes)
}
