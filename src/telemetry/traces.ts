import { setTimeout as delay } from 'node:timers/promises'
import type { Attributes, Context, Span, TextMapGetter, Tracer } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { RefitError } from '../errors.js'
import { loadOptional } from '../optional-package.js'

/** Spans of OpenTelemetry, which a collector is sent beside the work and not within it. */
export interface Traces {
  /** Of a request, under the span that its headers name (W3C Trace Context), where they do. */
  begin(name: string, headers: Headers, attributes: Attributes): Traced
  /** Sends what has not been sent yet. */
  stop(): Promise<void>
}

/** A request that is traced. */
export interface Traced {
  /** A step of it as a span of its own; it has failed where the work rejects. */
  during<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>
  /** What is known of it now. */
  tell(attributes: Attributes): void
  end(outcome: { readonly failed: boolean }): void
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const ofHeaders: TextMapGetter<Headers> = { get: (from, key) => oneOf(from[key]), keys: (from) => Object.keys(from) }

/** At the end, for a collector that does not answer. */
const STOP_MS = 2000

/**
 * Traces as the environment asks for them, by OpenTelemetry's own variables; undefined where it names no collector. Spans
 * are sent by OTLP over HTTP, as JSON; those that it cannot be sent are lost, which is logged and keeps nobody waiting. Nor does
 * a package that is missing: it is named in the log.
 */
export async function openTraces(service: string, log: Logger, environment: NodeJS.ProcessEnv = process.env): Promise<Traces | undefined> {
  if (!areAskedFor(environment)) return undefined
  try {
    return await open(service, log)
  } catch (error) {
    if (!(error instanceof RefitError)) throw error
    log.error(`${error.message} ${error.hint}`)
    return undefined
  }
}

/** @throws RefitError `traces-not-installed` */
async function open(service: string, log: Logger): Promise<Traces> {
  const [api, core, resources, sdk, exporter] = await Promise.all([
    loadOptional('traces-not-installed', '@opentelemetry/api', () => import('@opentelemetry/api')),
    loadOptional('traces-not-installed', '@opentelemetry/core', () => import('@opentelemetry/core')),
    loadOptional('traces-not-installed', '@opentelemetry/resources', () => import('@opentelemetry/resources')),
    loadOptional('traces-not-installed', '@opentelemetry/sdk-trace-base', () => import('@opentelemetry/sdk-trace-base')),
    loadOptional('traces-not-installed', '@opentelemetry/exporter-trace-otlp-http', () => import('@opentelemetry/exporter-trace-otlp-http')),
  ])
  const said = (words: string): void => log.warn(`traces: ${words}`)
  api.diag.setLogger({ error: said, warn: said, info: () => undefined, debug: () => undefined, verbose: () => undefined }, api.DiagLogLevel.WARN)
  const own = resources.resourceFromAttributes({ 'service.name': service })
  const provider = new sdk.BasicTracerProvider({
    resource: resources.defaultResource().merge(own).merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter())],
  })
  const propagator = new core.W3CTraceContextPropagator()
  const tracer = provider.getTracer('refit')
  return {
    begin: (name, headers, attributes) => {
      const parent = propagator.extract(api.ROOT_CONTEXT, headers, ofHeaders)
      const span = tracer.startSpan(name, { kind: api.SpanKind.SERVER, attributes }, parent)
      return traced(span, tracer, api.trace.setSpan(parent, span), api.SpanStatusCode.ERROR)
    },
    stop: async () => {
      const sent = new AbortController()
      const patience = delay(STOP_MS, undefined, { signal: sent.signal }).catch(() => undefined)
      await Promise.race([provider.shutdown(), patience]).catch((error: unknown) => log.warn({ err: error }, 'the last traces could not be sent'))
      sent.abort()
    },
  }
}

function traced(span: Span, tracer: Tracer, context: Context, failedCode: number): Traced {
  return {
    during: async (name, attributes, work) => {
      const step = tracer.startSpan(name, { attributes }, context)
      try {
        return await work()
      } catch (error) {
        step.setStatus({ code: failedCode, ...(error instanceof Error ? { message: error.message } : {}) })
        throw error
      } finally {
        step.end()
      }
    },
    tell: (attributes) => {
      span.setAttributes(attributes)
    },
    end: ({ failed }) => {
      if (failed) span.setStatus({ code: failedCode })
      span.end()
    },
  }
}

/** By the variables that OpenTelemetry's specification names. */
function areAskedFor(environment: NodeJS.ProcessEnv): boolean {
  const isOff = environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || environment['OTEL_TRACES_EXPORTER'] === 'none'
  return !isOff && [environment['OTEL_EXPORTER_OTLP_ENDPOINT'], environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']].some((endpoint) => endpoint !== undefined && endpoint !== '')
}

function oneOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0]
}
