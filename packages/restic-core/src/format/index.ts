export { type MasterKey, open, seal, sealOverhead, validateMasterKey } from './seal.ts'
export { openBlob } from './blob.ts'
export { sealFile, unwrapFile, wrapFile } from './envelope.ts'
export { type RepositoryConfig, formatConfig, parseConfig } from './config.ts'
export {
  type KeyFile,
  formatKeyFile,
  formatMasterKey,
  openMasterKey,
  parseKeyFile,
  parseMasterKey,
  saltLength,
  sealMasterKey,
} from './key-file.ts'
export { type LockFile, formatLockFile, parseLockFile } from './lock-file.ts'
export {
  type Snapshot,
  type SnapshotSummary,
  formatSnapshot,
  parseSnapshot,
  snapshotMembers,
} from './snapshot.ts'
export {
  type BlobType,
  type PackEntry,
  entrySize,
  formatHeaderLength,
  formatPackHeader,
  headerLengthSize,
  packEntryCountMax,
  packHeaderLength,
  packHeaderLengthMax,
  packLength,
  packLengthMin,
  packTailLength,
  parseHeaderLength,
  parsePackHeader,
} from './pack-header.ts'
export { type IndexColumns, parseIndexFile } from './index-file.ts'
export { type PackColumns, packColumns } from './pack-columns.ts'
export { type IndexedPack, formatIndexFile, indexColumns } from './index-writer.ts'
export { type ExtendedAttribute, type Node, type NodeType, formatNode, nodeTypes } from './node.ts'
export { formatTree, parseTree, treeIsExact } from './tree.ts'
export { compareNames, isSafeName, nameFromBytes, nameToBytes } from './name.ts'
export { quoteName, unquoteName } from './name-quoting.ts'
export { formatTime, isTime, parseTime, zeroTime } from './time.ts'
export {
  modeBits,
  modeFromStat,
  modeText,
  modeToStat,
  permissionsToStat,
  typeFromStat,
} from './mode.ts'
export { formatJsonObject, jsonString, jsonText } from './json.ts'
export {
  candidatePolynomial,
  drawPolynomial,
  formatPolynomial,
  isIrreducible,
  parsePolynomial,
  polynomialDegree,
} from './polynomial.ts'
