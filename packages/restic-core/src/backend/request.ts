import {
  fileLabel,
  type Backend,
  type ByteRange,
  type FileHandle,
  type NamedFileType,
} from './backend.ts'

/** One call of a backend, as the layers that watch, repeat or break calls see it. */
export type BackendRequest =
  | { readonly operation: 'create' }
  | { readonly operation: 'list'; readonly type: NamedFileType }
  | { readonly operation: 'stat' | 'remove'; readonly file: FileHandle }
  | {
      readonly operation: 'read'
      readonly file: FileHandle
      readonly range?: ByteRange | undefined
    }
  | { readonly operation: 'write'; readonly file: FileHandle; readonly size: number }

export type BackendOperation = BackendRequest['operation']

/** `read pack/0123456789`, as messages name a request. */
export function requestLabel(request: BackendRequest): string {
  if (request.operation === 'create') return 'create'
  const object = request.operation === 'list' ? request.type : fileLabel(request.file)
  return `${request.operation} ${object}`
}

/** `inner` with some of its methods replaced. Copying properties would lose those of a class. */
export function overriding(inner: Backend, methods: Partial<Backend>): Backend {
  return {
    location: inner.location,
    traits: inner.traits,
    create: (options) => inner.create(options),
    list: (type, options) => inner.list(type, options),
    stat: (file, options) => inner.stat(file, options),
    read: (file, options) => inner.read(file, options),
    write: (file, body, options) => inner.write(file, body, options),
    remove: (file, options) => inner.remove(file, options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    ...methods,
  }
}
