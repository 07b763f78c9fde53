import { createInterface } from 'node:readline/promises'
import type { Question } from '../define/choices.js'

/** Where questions are asked and answered. */
export interface DialogueStreams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/** Someone who answers questions. */
export interface Dialogue {
  /** The option that was chosen; an empty answer takes the proposed one. @throws when the dialogue is interrupted */
  readonly ask: (question: Question) => Promise<string>
  readonly say: (text: string) => void
  readonly end: () => void
}

const MOST_OPTIONS_SHOWN = 8

/** Opens a dialogue; Ctrl-C and the end of input call `interrupted`. Tab completes an answer. */
export function openDialogue({ input, output }: DialogueStreams, interrupted: AbortController): Dialogue {
  let options: readonly string[] = []
  const lines = createInterface({
    input,
    output,
    completer: (typed: string): [string[], string] => [options.filter((option) => option.toLowerCase().startsWith(typed.toLowerCase())), typed],
  })
  let ended = false
  const interrupt = (): void => {
    if (!ended) interrupted.abort()
  }
  lines.once('SIGINT', interrupt)
  lines.once('close', interrupt)
  const say = (text: string): void => void output.write(`${text}\n`)
  return {
    say,
    ask: async (question) => {
      ;({ options } = question)
      const shown = options.length <= MOST_OPTIONS_SHOWN ? ` (${options.map(printable).join(', ')})` : ''
      for (;;) {
        const answer = (await lines.question(`${printable(question.text)}${shown} [${printable(question.proposed)}] `, { signal: interrupted.signal })).trim()
        if (answer === '') return question.proposed
        const meant = options.find((option) => option === answer) ?? onlyOne(options.filter((option) => option.toLowerCase() === answer.toLowerCase()))
        if (meant !== undefined) return meant
        say(`"${answer}" is none of: ${options.map(printable).join(', ')}`)
      }
    },
    end: () => {
      ended = true
      lines.close()
    },
  }
}

/** A text from a file that nobody vouches for, without what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '�')
}

function onlyOne(options: readonly string[]): string | undefined {
  return options.length === 1 ? options[0] : undefined
}
