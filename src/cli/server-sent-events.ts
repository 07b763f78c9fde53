export interface ServerSentEvent {
  readonly id: string | undefined
  readonly data: string
}

/** Reads server-sent events; comments are passed over. */
export async function* serverSentEvents(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let buffered = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    buffered += decoder.decode(chunk, { stream: true })
    for (let end = buffered.indexOf('\n\n'); end !== -1; end = buffered.indexOf('\n\n')) {
      const event = parseBlock(buffered.slice(0, end))
      buffered = buffered.slice(end + 2)
      if (event !== undefined) yield event
    }
  }
}

function parseBlock(block: string): ServerSentEvent | undefined {
  const fields = block.split('\n').filter((line) => !line.startsWith(':'))
  const data = fields.filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length).trimStart())
  if (data.length === 0) return undefined
  return { id: fields.find((line) => line.startsWith('id:'))?.slice('id:'.length).trim(), data: data.join('\n') }
}
