import { Failure } from './failure.ts'

const space = /\s/u

/**
 * Splits a command line as restic does, which is not what a shell does: white space and unquoted
 * backslashes separate; a quote starts a new word where it opens and ends it where it closes;
 * nothing is concatenated and empty words vanish. A backslash before a quote prevents it from
 * opening or closing, and stays in the text when it stands inside quotes.
 *
 * @throws Failure when a quote is left open or there is no word at all
 */
export function splitWords(text: string): [string, ...string[]] {
  const words: string[] = []
  let word = ''
  let quote = ''
  let last = ''
  const endWord = (): void => {
    if (word !== '') words.push(word)
    word = ''
  }
  for (const character of text) {
    const isQuote = quote === '' ? character === '"' || character === "'" : character === quote
    if (isQuote && last !== '\\') {
      quote = quote === '' ? character : ''
      endWord()
      continue
    }
    last = character
    if (quote === '' && (character === '\\' || space.test(character))) endWord()
    else word += character
  }
  endWord()
  if (quote !== '') {
    throw new Failure(`${quote === '"' ? 'double' : 'single'}-quoted string not terminated`)
  }
  const [first, ...rest] = words
  if (first === undefined) throw new Failure('command string is empty')
  return [first, ...rest]
}
