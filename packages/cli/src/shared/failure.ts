/** Something the user asked for that cannot be: a wrong flag, a missing file. Printed without a stack. */
export class Failure extends Error {
  /** Mistakes in the command line are printed as they are; other failures get a prefix. */
  readonly isUsage: boolean

  constructor(message: string, options: ErrorOptions & { readonly isUsage?: boolean } = {}) {
    super(message, options)
    this.name = 'Failure'
    this.isUsage = options.isUsage ?? false
  }
}
