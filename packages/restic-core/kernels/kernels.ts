export { findCut } from './rabin'
export { poly1305Begin, poly1305Blocks, poly1305End } from './poly1305'
