import { type StoreFiles, storeFiles } from './jobs/store-files.ts'
import { type CutFile, cutFile } from './jobs/cut-file.ts'
import { type StoreRanges, storeRanges } from './jobs/store-ranges.ts'
import { type ParseIndex, parseIndex } from './jobs/parse-index.ts'
import { type SealIndex, sealIndex } from './jobs/seal-index.ts'
import { type RestoreBlobs, restoreBlobs } from './jobs/restore-blobs.ts'
import { type CompareFiles, compareFiles } from './jobs/compare-files.ts'
import { type CheckPack, checkPack } from './jobs/check-pack.ts'
import { type MixScrypt, mixScrypt } from './jobs/mix-scrypt.ts'
import type { JobContext, JobRun } from './pool.ts'

/** What may be asked of a worker: input, the parts handed over on the way, and the output. */
export interface Jobs {
  storeFiles: StoreFiles
  cutFile: CutFile
  storeRanges: StoreRanges
  parseIndex: ParseIndex
  sealIndex: SealIndex
  restoreBlobs: RestoreBlobs
  compareFiles: CompareFiles
  checkPack: CheckPack
  mixScrypt: MixScrypt
}

export type JobKind = keyof Jobs

/** The work itself. Add a job by one file in jobs/ and one line in each list here. */
export const jobHandlers: {
  readonly [K in JobKind]: (input: Jobs[K]['input'], context: JobContext) => JobRun<K>
} = {
  storeFiles,
  cutFile,
  storeRanges,
  parseIndex,
  sealIndex,
  restoreBlobs,
  compareFiles,
  checkPack,
  mixScrypt,
}
