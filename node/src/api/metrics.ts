import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type GaugeName, GAUGES } from './gauges.ts';
import type { HealthPort } from './services.ts';

/** Metrics of one node, in a registry of its own: several nodes may share a process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Histogram({
    name: 'ledger_http_request_seconds',
    help: 'Time to answer, by route and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.#registry],
  });
  readonly #errors = new Counter({
    name: 'ledger_errors_total',
    help: 'Problems that callers were told, by code.',
    labelNames: ['code'],
    registers: [this.#registry],
  });
  readonly #gauges = new Map(
    Object.entries(GAUGES).map(([name, help]) => [
      name as GaugeName,
      new Gauge({ name: `ledger_${name}`, help, registers: [this.#registry] }),
    ]),
  );
  readonly #health: HealthPort;

  constructor(health: HealthPort) {
    this.#health = health;
    collectDefaultMetrics({ register: this.#registry });
  }

  request(route: string, method: string, status: number, seconds: number): void {
    this.#requests.observe({ route, method, status }, seconds);
  }

  error(code: string): void {
    this.#errors.inc({ code });
  }

  /** The text that Prometheus reads. */
  async render(): Promise<{ readonly mediaType: string; readonly text: string }> {
    const values = await this.#health.gauges();
    for (const [name, gauge] of this.#gauges) {
      const value = values[name];
      // What cannot be known now is not shown, rather than shown as it was.
      if (value === undefined) gauge.remove();
      else gauge.set(value);
    }
    return { mediaType: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
