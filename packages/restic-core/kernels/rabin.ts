import { leaveTable, reduceTable } from './memory'

// A digest is kept rotated left by 22 bits. So the 8 bits that choose the entry of `reduceTable`,
// 45 to 52, stand at 3 to 10, where they are the entry's place in bytes: one instruction instead of
// three in a loop that is bound by their number. The tables are rotated alike.
const rotation = 22
const splitMask: u64 = 0xfffff << rotation
const windowLength: usize = 64

// Each digest waits for the one before it, and a processor can do other work meanwhile. The digest
// depends on 64 bytes alone, so six places are hashed in turns. A lane begins with a window whose
// digests are of no use, so it should be long; but what the other lanes hashed beyond a cut is
// wasted, so it should be short.
const lanes: usize = 6
const laneLength: usize = 4096
const stripeLength: usize = lanes * laneLength

/**
 * The earliest place p with first <= p <= last where the digest of the 64 bytes before p ends in 20
 * zero bits, or 0 when there is none.
 */
export function findCut(first: usize, last: usize): usize {
  while (last - first + 1 >= stripeLength) {
    const cut = findCutInStripe(first)
    if (cut) return cut
    first += stripeLength
  }
  return first <= last ? findCutInOneLane(first, last) : 0
}

/** As `findCut`, for the six lanes from `first` on. */
function findCutInStripe(first: usize): usize {
  let digest0: u64 = 0
  let digest1: u64 = 0
  let digest2: u64 = 0
  let digest3: u64 = 0
  let digest4: u64 = 0
  let digest5: u64 = 0
  for (let at = first - windowLength; at < first; at++) {
    digest0 = shifted(digest0) ^ incoming(load<u8>(at))
    digest1 = shifted(digest1) ^ incoming(load<u8>(at, laneLength))
    digest2 = shifted(digest2) ^ incoming(load<u8>(at, 2 * laneLength))
    digest3 = shifted(digest3) ^ incoming(load<u8>(at, 3 * laneLength))
    digest4 = shifted(digest4) ^ incoming(load<u8>(at, 4 * laneLength))
    digest5 = shifted(digest5) ^ incoming(load<u8>(at, 5 * laneLength))
  }
  // Both tables are read before the branch that looks at the digest. Behind it V8 would merge a read
  // into the XOR that follows, and still do the read on its own for the sake of its trap.
  for (let at = first - windowLength; at < first - windowLength + laneLength; at++) {
    const change0 = reduction(digest0) ^ outgoing(load<u8>(at))
    if (isCut(digest0)) return earliestCut(first, at + windowLength, 0)
    digest0 = rotl(digest0, 8) ^ change0 ^ incoming(load<u8>(at, windowLength))
    const change1 = reduction(digest1) ^ outgoing(load<u8>(at, laneLength))
    if (isCut(digest1)) return earliestCut(first, at + windowLength, 1)
    digest1 = rotl(digest1, 8) ^ change1 ^ incoming(load<u8>(at, windowLength + laneLength))
    const change2 = reduction(digest2) ^ outgoing(load<u8>(at, 2 * laneLength))
    if (isCut(digest2)) return earliestCut(first, at + windowLength, 2)
    digest2 = rotl(digest2, 8) ^ change2 ^ incoming(load<u8>(at, windowLength + 2 * laneLength))
    const change3 = reduction(digest3) ^ outgoing(load<u8>(at, 3 * laneLength))
    if (isCut(digest3)) return earliestCut(first, at + windowLength, 3)
    digest3 = rotl(digest3, 8) ^ change3 ^ incoming(load<u8>(at, windowLength + 3 * laneLength))
    const change4 = reduction(digest4) ^ outgoing(load<u8>(at, 4 * laneLength))
    if (isCut(digest4)) return earliestCut(first, at + windowLength, 4)
    digest4 = rotl(digest4, 8) ^ change4 ^ incoming(load<u8>(at, windowLength + 4 * laneLength))
    const change5 = reduction(digest5) ^ outgoing(load<u8>(at, 5 * laneLength))
    if (isCut(digest5)) return earliestCut(first, at + windowLength, 5)
    digest5 = rotl(digest5, 8) ^ change5 ^ incoming(load<u8>(at, windowLength + 5 * laneLength))
  }
  return 0
}

/**
 * The first lane's place `at` and those of the lanes before `lane` were looked at without a cut. The
 * cut that `lane` found stands unless one of those lanes has a cut further on.
 */
function earliestCut(first: usize, at: usize, lane: usize): usize {
  for (let before: usize = 0; before < lane; before++) {
    const laneFirst = at + before * laneLength
    const laneLast = first + (before + 1) * laneLength - 1
    const cut = findCutInOneLane(laneFirst, laneLast)
    if (cut) return cut
  }
  return at + lane * laneLength
}

function findCutInOneLane(first: usize, last: usize): usize {
  let digest: u64 = 0
  let at = first - windowLength
  for (; at < first; at++) digest = shifted(digest) ^ incoming(load<u8>(at))
  while (!isCut(digest)) {
    if (at == last) return 0
    const change = reduction(digest) ^ outgoing(load<u8>(at - windowLength))
    digest = rotl(digest, 8) ^ change ^ incoming(load<u8>(at++))
  }
  return at
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function isCut(digest: u64): bool {
  return (digest & splitMask) == 0
}

/** digest * x^8 mod P */
// @ts-ignore: a decorator of AssemblyScript
@inline
function shifted(digest: u64): u64 {
  return rotl(digest, 8) ^ reduction(digest)
}

/** What clears the 8 bits above the digest once it is shifted, and reduces it. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function reduction(digest: u64): u64 {
  return load<u64>(<usize>digest & 0x7f8, reduceTable)
}

/** What a byte that leaves the window takes with it. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function outgoing(byte: u8): u64 {
  return load<u64>(<usize>byte << 3, leaveTable)
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function incoming(byte: u8): u64 {
  return <u64>byte << rotation
}
