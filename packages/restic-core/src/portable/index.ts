export { portableKernel } from './kernel.ts'
export { type PortableOptions, portableRuntime } from './runtime.ts'
