import type { Predictor } from './predictor.js'

/** A predictor that answers nothing once it is closed, and is closed once however often it is asked to. */
export function closable(predictor: Predictor): Predictor {
  const { predict, close } = predictor
  let closing: Promise<void> | undefined
  return {
    ...predictor,
    predict: (batch, wanted) => (closing === undefined ? predict(batch, wanted) : Promise.reject(new Error('the predictor is closed'))),
    // Also what `close` throws at once is a rejection: whoever closes it is often answering somebody.
    close: () => (closing ??= (async () => close())()),
  }
}
