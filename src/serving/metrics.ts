import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Loss } from '../predictions/recorder.js'
import type { GivenUp } from './places.js'

/** What serving tells Prometheus. */
export interface ServingMetrics {
  /** One answered request; `seconds` from its arrival to its answer. */
  answered(model: string, status: number, rows: number, seconds: number): void
  live(model: string, version: number): void
  removed(model: string): void
  swapFailed(model: string): void
  /** Rows that were written to the log of predictions, and rows that were to be and were not. */
  logged(model: string, rows: number): void
  lost(model: string, rows: number, why: Loss): void
  /** One request that nobody waits for any more, though it is not answered; what this gives is called when nothing of it is under way. */
  givenUp(model: string, cause: GivenUp): () => void
  readonly contentType: string
  text(): Promise<string>
  /** As they cross to another process. */
  values(): Promise<readonly object[]>
}

/** The metrics of several processes together. */
export function together(processes: readonly (readonly object[])[]): Promise<readonly object[]> {
  return AggregatorRegistry.aggregate(processes.map((values) => [...values])).getMetricsAsJSON()
}

/** The same as text. */
export function togetherAsText(processes: readonly (readonly object[])[]): Promise<string> {
  return AggregatorRegistry.aggregate(processes.map((values) => [...values])).metrics()
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

export function createServingMetrics(): ServingMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({ name: 'refit_predict_requests_total', help: 'Answered requests for predictions', labelNames: ['model', 'status'], registers })
  const rows = new Counter({ name: 'refit_predicted_rows_total', help: 'Rows predicted', labelNames: ['model'], registers })
  const duration = new Histogram({ name: 'refit_predict_seconds', help: 'Seconds from request to answer', labelNames: ['model'], buckets: SECONDS, registers })
  const givenUp = new Counter({ name: 'refit_predict_given_up_total', help: 'Requests that nobody waited for any more while they were under way', labelNames: ['model', 'cause'], registers })
  const unwanted = new Gauge({ name: 'refit_predict_unwanted', help: 'Requests that nobody waits for any more and of which something is still under way', labelNames: ['model'], registers })
  const version = new Gauge({ name: 'refit_live_version', help: 'Version that answers', labelNames: ['model'], aggregator: 'max', registers })
  const failures = new Counter({ name: 'refit_swap_failures_total', help: 'Versions that could not be loaded', labelNames: ['model'], registers })
  const logged = new Counter({ name: 'refit_logged_rows_total', help: 'Rows written to the prediction log', labelNames: ['model'], registers })
  const lost = new Counter({ name: 'refit_lost_rows_total', help: 'Rows sampled for the prediction log and not written, by the cause', labelNames: ['model', 'cause'], registers })
  return {
    answered: (model, status, count, seconds) => {
      requests.inc({ model, status })
      if (status === 200) rows.inc({ model }, count)
      duration.observe({ model }, seconds)
    },
    live: (model, number) => version.set({ model }, number),
    removed: (model) => version.remove({ model }),
    swapFailed: (model) => failures.inc({ model }),
    logged: (model, count) => logged.inc({ model }, count),
    lost: (model, count, cause) => lost.inc({ model, cause }, count),
    givenUp: (model, cause) => {
      givenUp.inc({ model, cause })
      unwanted.inc({ model })
      return () => unwanted.dec({ model })
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
    values: () => registry.getMetricsAsJSON(),
  }
}
