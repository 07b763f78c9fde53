/** The place of the highest probability; the first of several. */
export function likeliest(probabilities: Float64Array): number {
  return probabilities.indexOf(Math.max(...probabilities))
}
