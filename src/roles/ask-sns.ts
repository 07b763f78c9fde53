const LONGEST_MS = 10_000
const MOST_CHARACTERS = 100_000

/** Asks Amazon SNS for a certificate, or to confirm a subscription: quickly or not at all, and nowhere else. */
export async function askSns(url: URL): Promise<string> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(LONGEST_MS) })
  if (!answer.ok) throw new Error(`status ${answer.status}`)
  const text = await answer.text()
  if (text.length > MOST_CHARACTERS) throw new Error(`it answers with more than ${MOST_CHARACTERS} characters`)
  return text
}
