export { listed, outcome } from './backend-under-test.ts'
export { countingBackend } from './counting-backend.ts'
export type { CountingBackend, RequestCount } from './counting-backend.ts'
export { describeBackend } from './describe-backend.ts'
export type { BackendUnderTest, ExpectedTraits } from './backend-under-test.ts'
export { failFrom, failOn, faultyBackend } from './faulty-backend.ts'
export type { Fault, FaultPlan, FaultRule } from './faulty-backend.ts'
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
