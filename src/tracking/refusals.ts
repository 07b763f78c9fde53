import { refitError, type RefitError } from '../errors.js'

/** What is asked for is not in a form that is taken. */
export const invalid = (reason: string): RefitError => refitError('tracking-invalid', { reason })

/** What is asked for is not there. */
export const missing = (reason: string): RefitError => refitError('tracking-missing', { reason })

/** There is one of that name already. */
export const exists = (reason: string): RefitError => refitError('tracking-exists', { reason })

/** The state of what it is about does not allow it. */
export const refusedByState = (reason: string): RefitError => refitError('tracking-state', { reason })

/** It is not offered here. */
export const unsupported = (reason: string): RefitError => refitError('tracking-unsupported', { reason })
