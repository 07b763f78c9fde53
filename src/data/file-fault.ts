import type { DropFaultCode } from './drop-faults.js'
import type { DropFault } from './snapshot.js'

/** A file that cannot be read as a table, and why. */
export class FileFault extends Error {
  override readonly name = 'FileFault'

  constructor(
    readonly fault: DropFault & { readonly code: DropFaultCode },
    options?: ErrorOptions,
  ) {
    super(fault.message, options)
  }
}
