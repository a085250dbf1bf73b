// scrypt's ROMix (RFC 7914, section 5) of three blocks at once. Each step of Salsa20/8 waits for the
// one before, and each step of the walk for memory, so one block leaves two thirds of the processor
// idle. The blocks know nothing of each other, and twelve vectors, four of each, fit into registers.
//
// The 16 words of Salsa are kept as four vectors, each a diagonal of its square: then the four
// quarter-rounds of a round are the same few instructions on vectors, and the round of rows differs
// from the round of columns by how three of them are turned. The host brings words in that order
// (`diagonal` in src/portable/scrypt-mix.ts). Adding and xoring care for no order.
//
// In memory, with `length` = 128 · r: a block of zeros, then N + 2 blocks: all of V, and two that the
// walk goes to and fro between. The first of V is the input, the one after V the output. The same
// `toB` bytes further for the second of the three, and `toC` bytes for the third. With 0 it is the first
// once more.

/** V[i + 1] = BlockMix(V[i]), for `from` to `to`. */
export function fill(toB: usize, toC: usize, r: i32, from: i32, to: i32): void {
  const length = <usize>r << 7
  for (let i = from; i < to; i++) {
    const at = length + <usize>i * length
    mixThree(r, toB, toC, at, 0, 0, 0, at + length)
  }
}

/** X = BlockMix(X xor V[Integerify(X) mod N]), `times` times, an even number. */
export function walk(toB: usize, toC: usize, r: i32, n: i32, times: i32): void {
  const length = <usize>r << 7
  let from = length + <usize>n * length
  let to = from + length
  for (let i = 0; i < times; i++) {
    const xorA = length + chosen(from, n, length)
    const xorB = length + toB + chosen(from + toB, n, length)
    const xorC = length + toC + chosen(from + toC, n, length)
    mixThree(r, toB, toC, from, xorA, xorB, xorC, to)
    const next = from
    from = to
    to = next
  }
}

/** Where in V. Integerify is the first word of the last 64 bytes. */
@inline
function chosen(block: usize, n: i32, length: usize): usize {
  return <usize>(load<i32>(block + length - 64) & (n - 1)) * length
}

/**
 * Three times BlockMix: of `a` xor `xorA` to `to`, of what is `toB` bytes after `a` xor `xorB` to what
 * is `toB` bytes after `to`, and the same with `c`.
 */
function mixThree(
  r: i32,
  toB: usize,
  toC: usize,
  a: usize,
  xorA: usize,
  xorB: usize,
  xorC: usize,
  to: usize,
): void {
  const b = a + toB
  const c = a + toC
  const last = (<usize>(2 * r - 1)) << 6
  let a0 = both(a + last, xorA + last, 0)
  let a1 = both(a + last, xorA + last, 16)
  let a2 = both(a + last, xorA + last, 32)
  let a3 = both(a + last, xorA + last, 48)
  let b0 = both(b + last, xorB + last, 0)
  let b1 = both(b + last, xorB + last, 16)
  let b2 = both(b + last, xorB + last, 32)
  let b3 = both(b + last, xorB + last, 48)
  let c0 = both(c + last, xorC + last, 0)
  let c1 = both(c + last, xorC + last, 16)
  let c2 = both(c + last, xorC + last, 32)
  let c3 = both(c + last, xorC + last, 48)
  // Results go to the first half and the second in turns.
  let half = to
  let otherHalf = to + (<usize>r << 6)
  for (let at: usize = 0; at <= last; at += 64) {
    a0 = v128.xor(a0, both(a + at, xorA + at, 0))
    a1 = v128.xor(a1, both(a + at, xorA + at, 16))
    a2 = v128.xor(a2, both(a + at, xorA + at, 32))
    a3 = v128.xor(a3, both(a + at, xorA + at, 48))
    b0 = v128.xor(b0, both(b + at, xorB + at, 0))
    b1 = v128.xor(b1, both(b + at, xorB + at, 16))
    b2 = v128.xor(b2, both(b + at, xorB + at, 32))
    b3 = v128.xor(b3, both(b + at, xorB + at, 48))
    c0 = v128.xor(c0, both(c + at, xorC + at, 0))
    c1 = v128.xor(c1, both(c + at, xorC + at, 16))
    c2 = v128.xor(c2, both(c + at, xorC + at, 32))
    c3 = v128.xor(c3, both(c + at, xorC + at, 48))
    // Not in variables: twelve more would not fit into registers.
    keep(half, a0, a1, a2, a3)
    keep(half + toB, b0, b1, b2, b3)
    keep(half + toC, c0, c1, c2, c3)
    for (let doubleRound = 0; doubleRound < 4; doubleRound++) {
      a1 = quarter(a1, a0, a3, 7)
      b1 = quarter(b1, b0, b3, 7)
      c1 = quarter(c1, c0, c3, 7)
      a2 = quarter(a2, a1, a0, 9)
      b2 = quarter(b2, b1, b0, 9)
      c2 = quarter(c2, c1, c0, 9)
      a3 = quarter(a3, a2, a1, 13)
      b3 = quarter(b3, b2, b1, 13)
      c3 = quarter(c3, c2, c1, 13)
      a0 = quarter(a0, a3, a2, 18)
      b0 = quarter(b0, b3, b2, 18)
      c0 = quarter(c0, c3, c2, 18)
      a1 = v128.shuffle<u32>(a1, a1, 3, 0, 1, 2)
      b1 = v128.shuffle<u32>(b1, b1, 3, 0, 1, 2)
      c1 = v128.shuffle<u32>(c1, c1, 3, 0, 1, 2)
      a2 = v128.shuffle<u32>(a2, a2, 2, 3, 0, 1)
      b2 = v128.shuffle<u32>(b2, b2, 2, 3, 0, 1)
      c2 = v128.shuffle<u32>(c2, c2, 2, 3, 0, 1)
      a3 = v128.shuffle<u32>(a3, a3, 1, 2, 3, 0)
      b3 = v128.shuffle<u32>(b3, b3, 1, 2, 3, 0)
      c3 = v128.shuffle<u32>(c3, c3, 1, 2, 3, 0)
      a3 = quarter(a3, a0, a1, 7)
      b3 = quarter(b3, b0, b1, 7)
      c3 = quarter(c3, c0, c1, 7)
      a2 = quarter(a2, a3, a0, 9)
      b2 = quarter(b2, b3, b0, 9)
      c2 = quarter(c2, c3, c0, 9)
      a1 = quarter(a1, a2, a3, 13)
      b1 = quarter(b1, b2, b3, 13)
      c1 = quarter(c1, c2, c3, 13)
      a0 = quarter(a0, a1, a2, 18)
      b0 = quarter(b0, b1, b2, 18)
      c0 = quarter(c0, c1, c2, 18)
      a1 = v128.shuffle<u32>(a1, a1, 1, 2, 3, 0)
      b1 = v128.shuffle<u32>(b1, b1, 1, 2, 3, 0)
      c1 = v128.shuffle<u32>(c1, c1, 1, 2, 3, 0)
      a2 = v128.shuffle<u32>(a2, a2, 2, 3, 0, 1)
      b2 = v128.shuffle<u32>(b2, b2, 2, 3, 0, 1)
      c2 = v128.shuffle<u32>(c2, c2, 2, 3, 0, 1)
      a3 = v128.shuffle<u32>(a3, a3, 3, 0, 1, 2)
      b3 = v128.shuffle<u32>(b3, b3, 3, 0, 1, 2)
      c3 = v128.shuffle<u32>(c3, c3, 3, 0, 1, 2)
    }
    a0 = i32x4.add(a0, v128.load(half))
    a1 = i32x4.add(a1, v128.load(half, 16))
    a2 = i32x4.add(a2, v128.load(half, 32))
    a3 = i32x4.add(a3, v128.load(half, 48))
    b0 = i32x4.add(b0, v128.load(half + toB))
    b1 = i32x4.add(b1, v128.load(half + toB, 16))
    b2 = i32x4.add(b2, v128.load(half + toB, 32))
    b3 = i32x4.add(b3, v128.load(half + toB, 48))
    c0 = i32x4.add(c0, v128.load(half + toC))
    c1 = i32x4.add(c1, v128.load(half + toC, 16))
    c2 = i32x4.add(c2, v128.load(half + toC, 32))
    c3 = i32x4.add(c3, v128.load(half + toC, 48))
    keep(half, a0, a1, a2, a3)
    keep(half + toB, b0, b1, b2, b3)
    keep(half + toC, c0, c1, c2, c3)
    const next = half + 64
    half = otherHalf
    otherHalf = next
  }
}

@inline
function both(block: usize, other: usize, offset: usize): v128 {
  return v128.xor(v128.load(block + offset), v128.load(other + offset))
}

@inline
function keep(place: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  v128.store(place, x0)
  v128.store(place, x1, 16)
  v128.store(place, x2, 32)
  v128.store(place, x3, 48)
}

/** x xor ((y + z) rotated left by `bits`), of four words. */
@inline
function quarter(x: v128, y: v128, z: v128, bits: i32): v128 {
  const sum = i32x4.add(y, z)
  return v128.xor(x, v128.or(i32x4.shl(sum, bits), i32x4.shr_u(sum, 32 - bits)))
}
