export { listed, outcome } from './backend-under-test.ts'
export { countingBackend } from './counting-backend.ts'
export type { CountingBackend, RequestCount } from './counting-backend.ts'
export { describeBackend } from './describe-backend.ts'
export { describeKernel } from './describe-kernel.ts'
export type { BackendUnderTest, ExpectedTraits } from './backend-under-test.ts'
export { failFrom, failOn, faultyBackend } from './faulty-backend.ts'
export type { Fault, FaultPlan, FaultRule } from './faulty-backend.ts'
export { memoryTarget } from './memory-target.ts'
export type { MemoryEntry, MemoryTarget, MemoryTargetOptions } from './memory-target.ts'
export { inPieces, noise, pseudoRandom, sampleFile } from './sample-files.ts'
export type { SampleFile } from './sample-files.ts'
export { manualTime } from './manual-time.ts'
export type { ManualTime } from './manual-time.ts'
export { filesOfFolder, withFlippedBit } from './stored-files.ts'
export { testRuntime } from './test-runtime.ts'
export type { TestRuntimeOptions } from './test-runtime.ts'
export {
  quickCost,
  testPassword,
  testPolynomial,
  testRepository,
  testSnapshot,
} from './test-repository.ts'
export { literalTime, storeTree } from './tree-literals.ts'
export type { EntryLiteral } from './tree-literals.ts'
