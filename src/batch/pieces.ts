/** How many rows a model is asked about at once. */
export interface Pieces {
  next(): number
  /** A piece of so many rows took so long. */
  took(taken: number, milliseconds: number): void
}

/** Of what an answer may take a piece is to take so much: whatever is slower than usual by less is no hang. */
const SHARE = 0.1

/** Begins with a single row, and doubles while pieces are quick: however slow a model is, one that answers a row in time is never asked for too many. */
export function createPieces(answerMilliseconds: number): Pieces {
  let rows = 1
  return {
    next: () => rows,
    took: (taken, milliseconds) => {
      const share = milliseconds / (SHARE * answerMilliseconds)
      // The last piece of what was read is a short one, and tells little.
      if (share < 0.5 && taken >= rows) rows *= 2
      else if (share > 1) rows = Math.max(1, Math.floor(rows / 2))
    },
  }
}
