import type { Verdict } from './verdict.js'

const WORDS = 'Checked by proxy: what becomes the version is trained once more, on every row, and is not judged itself.'

/** The verdict on a candidate that stands for a model which is trained after it on every row (EVIDENCE rule 14). */
export function asProxy(verdict: Verdict): Verdict {
  return { ...verdict, byProxy: true, summary: `${verdict.summary} ${WORDS}` }
}

/** Why only new rows count beside a model that was trained on all those there were. */
export function everyRowWarning(version: number): string {
  return `Version ${version} was trained on every row that there was then (refitOnAll): only rows that came after it count.`
}
