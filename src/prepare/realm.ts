import { createContext, runInContext, Script, type Context } from 'node:vm'

/** What rows are taken through a module for. */
export type Purpose = 'prepared' | 'measured'

/**
 * The language and nothing else: no process, no files, no network, no timers. Whatever is made of a row here follows from
 * what is handed in, wherever and whenever it runs; zone and language are those that the process was started with, which
 * are the same for all that use one. This keeps mistakes out, not attacks: the code is its owner's.
 */
export interface Realm {
  /** What the CommonJS module `code` exports. @throws whatever its top level throws */
  load(code: string, file: string): object
  /** Calls `work`, which may run code of this realm, and ends it after so many milliseconds. @throws Error with the code `ERR_SCRIPT_EXECUTION_TIMEOUT` */
  within(milliseconds: number, work: () => void): void
}

/** The clock and chance give another answer at each call: a row would be prepared in one way for training, in another for its prediction. */
const closed = (purpose: Purpose): string => `'use strict';
const closed = (what) => { throw new Error(what + ' is not there: a row is ${purpose} from its own values alone') };
const Clock = Date;
globalThis.Date = class Date extends Clock {
  constructor(...given) {
    if (given.length === 0) closed('the present time');
    super(...given);
  }
  static now() { closed('Date.now()'); }
};
Math.random = () => closed('Math.random()');
`

const WORK = new Script('refitWork()')

export function createRealm(purpose: Purpose): Realm {
  const context: Context = createContext({})
  runInContext(closed(purpose), context)
  return {
    load: (code, file) => {
      const wrapped: unknown = new Script(`(function (module, exports) {${code}\n})`, { filename: file }).runInContext(context)
      if (typeof wrapped !== 'function') throw new Error('a function is no function')
      const module: { exports: object } = { exports: {} }
      Reflect.apply(wrapped, undefined, [module, module.exports])
      return module.exports
    },
    within: (milliseconds, work) => {
      context['refitWork'] = work
      WORK.runInContext(context, { timeout: milliseconds })
    },
  }
}
