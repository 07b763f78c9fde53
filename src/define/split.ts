import type { Duration, Share } from './measures.js'

/** How rows are put on a side. */
export type Split =
  | { readonly kind: 'group'; readonly test: Share; readonly validation: Share; readonly stratify?: string }
  | { readonly kind: 'time'; readonly test: Duration; readonly gap?: Duration; readonly validation: Share }
  | { readonly kind: 'groupAndTime'; readonly test: Duration; readonly groups: Share; readonly gap?: Duration; readonly validation: Share }

/**
 * By the group, else the key, else the whole row: what stays together is on the same side in every run. `stratify` names
 * a category or boolean column, or the target of a classification, of which every value is to have the same shares.
 */
export function byGroup(options: { readonly test?: Share; readonly validation?: Share; readonly stratify?: string } = {}): Split {
  return { kind: 'group', ...options, test: options.test ?? '20%', validation: options.validation ?? '10%' }
}

/** The newest stretch of time is the test set; `gap` before it is left out of both. */
export function byTime(options: { readonly test: Duration; readonly gap?: Duration; readonly validation?: Share }): Split {
  return { kind: 'time', ...options, validation: options.validation ?? '10%' }
}

/**
 * The newest stretch of time of some groups is the test set, and the earlier rows of the others train: the model is
 * tested on groups and on a time that it has not seen. All other rows are left out.
 */
export function byGroupAndTime(options: { readonly test: Duration; readonly groups?: Share; readonly gap?: Duration; readonly validation?: Share }): Split {
  return { kind: 'groupAndTime', ...options, groups: options.groups ?? '20%', validation: options.validation ?? '10%' }
}
