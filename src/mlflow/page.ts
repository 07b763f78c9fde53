import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { Markup, markup } from '../report/markup.js'
import { pageStyle } from '../report/page-style.js'
import { pageScript } from './page-script.js'
import type { MlflowParts } from './parts.js'

const script = createHash('sha256').update(pageScript).digest('base64')

/** What a browser is to let the page do: run the script that it came with, and ask the server that it came from. */
export const pagePolicy = `default-src 'none'; script-src 'sha256-${script}'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`

/**
 * The page that MLflow's clients name when a run has ended: `View run … at: <address>/#/experiments/1/runs/…`. Which run is
 * meant only the browser knows, so one page stands for all, and its script asks the API as anybody else would. Open, for it is
 * the same for everybody and tells nothing: where the API needs a token, the page asks for one.
 */
export function pageRoutes(app: FastifyInstance, { reports }: Pick<MlflowParts, 'reports'>): void {
  const page = pageOf(reports)
  app.get('/', { schema: { hide: true } }, (_request, reply) =>
    reply.header('Content-Security-Policy', pagePolicy).header('Referrer-Policy', 'no-referrer').type('text/html; charset=utf-8').send(page),
  )
}

function pageOf(reports: string | undefined): string {
  return `<!doctype html>\n${
    markup`<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>Runs</title><style>${new Markup(pageStyle)}</style></head><body data-reports="${reports ?? ''}"><noscript><p>This page asks MLflow’s API by a script, which this browser does not run. <code>mlflow runs describe --run-id …</code> tells the same.</p></noscript><main></main><script>${new Markup(pageScript)}</script></body></html>`.text
  }\n`
}
