import { Value } from 'typebox/value'
import { revealSecretsIn } from '../../define/secret.js'
import { lateness, type Message } from '../message.js'
import type { Notifier } from '../notifier.js'
import { LONGEST_POST_MS, postJson } from '../post.js'
import { options as schema } from './definition.js'

/** What Slack takes as the text of one block. */
const MOST_CHARACTERS = 3000

/** An incoming webhook of Slack. */
export function slackNotifier(options: Readonly<Record<string, unknown>>): Notifier {
  return {
    longest: LONGEST_POST_MS,
    send: async (message, signal) => {
      const { url } = Value.Parse(schema, revealSecretsIn(options))
      return postJson(url, {}, JSON.stringify(slackMessage(message)), signal)
    },
  }
}

/** `text` is what a phone shows; the blocks are what stands in the channel. */
function slackMessage(message: Message): object {
  const { summary, text, next, url, project, at, kind, run } = message
  const section = (...lines: readonly string[]): object => ({ type: 'section', text: { type: 'mrkdwn', text: lines.filter((line) => line !== '').join('\n').slice(0, MOST_CHARACTERS) } })
  const facts = [project, kind, ...(run === undefined ? [] : [run]), at, ...(url === undefined ? [] : [url])]
  return {
    text: escape(`${summary}. ${text}`).slice(0, MOST_CHARACTERS),
    blocks: [
      section(`*${escape(summary)}*`, escape(lateness(message)), escape(text)),
      section(escape(next)),
      { type: 'context', elements: [{ type: 'mrkdwn', text: facts.map(escape).join(' · ').slice(0, MOST_CHARACTERS) }] },
    ],
  }
}

/** The three characters that Slack takes for control sequences, such as a mention of everybody. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
