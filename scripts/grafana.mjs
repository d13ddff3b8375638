// Writes deploy/grafana/tricube.json: the dashboard of everything that a service tells at /metrics.
// `node scripts/grafana.mjs` writes it, `--check` fails when what is there is something else.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = fileURLToPath(new URL('../deploy/grafana/tricube.json', import.meta.url))

/** Every query is about the jobs and instances that are chosen at the top. */
const chosen = 'job=~"$job",instance=~"$instance"'

const server = 'http_server_request_duration_seconds'
const client = 'http_client_request_duration_seconds'

/** Rows of panels: title, unit, and queries by what their lines are called. */
const rows = {
  Requests: [
    ['Requests by operation', 'reqps', { '{{operation}}': rate(`${server}_count`, 'operation') }],
    [
      'Failures by operation',
      'percentunit',
      { '{{operation}}': share(`${server}_count`, 'operation', 'http_response_status_code=~"5.."') },
    ],
    ['Duration, median', 's', { '{{operation}}': quantile(0.5, server, 'operation') }],
    ['Duration, 99th percentile', 's', { '{{operation}}': quantile(0.99, server, 'operation') }],
    [
      'Answers by status',
      'reqps',
      { '{{http_response_status_code}}': rate(`${server}_count`, 'http_response_status_code') },
    ],
    ['In flight', 'short', { '{{instance}}': sum('http_server_active_requests', 'instance') }],
    [
      'Over their rate limit',
      'reqps',
      {
        '{{operation}}': rate('tricube_rate_limited_total', 'operation'),
        'counted alone by {{instance}}': rate('tricube_rate_limit_store_failures_total', 'instance'),
      },
    ],
    [
      'Refused before they ran',
      'reqps',
      { '{{operation}}: {{reason}}': rate('tricube_requests_shed_total', 'operation, reason') },
    ],
    [
      'Callers of another version',
      'short',
      { '{{caller}}: {{operation}}': max('tricube_contract_mismatch', 'caller, operation') },
    ],
  ],
  'Calls to other services': [
    ['Calls', 'reqps', { '{{server_address}}.{{operation}}': rate(`${client}_count`, 'server_address, operation') }],
    [
      'Failures',
      'percentunit',
      {
        '{{server_address}}': share(
          `${client}_count`,
          'server_address',
          'error_type!="",http_response_status_code!~"4.."',
        ),
      },
    ],
    [
      'Duration, 99th percentile',
      's',
      { '{{server_address}}.{{operation}}': quantile(0.99, client, 'server_address, operation') },
    ],
    [
      'Retries and hedges',
      'reqps',
      {
        'retries {{target}}': rate('tricube_client_retries_total', 'target'),
        'hedges {{target}}': rate('tricube_client_hedges_total', 'target'),
      },
    ],
    ['Refused by the breaker', 'reqps', { '{{target}}': rate('tricube_client_breaker_rejections_total', 'target') }],
    [
      'Instances',
      'short',
      {
        '{{target}} {{state}}': sum('tricube_client_instances', 'target, state'),
        'ejections of {{target}}': increase('tricube_client_ejections_total', 'target'),
      },
    ],
    [
      'Calls on lanes',
      'reqps',
      {
        '{{target}}': rate('tricube_client_lane_calls_total', 'target'),
        'sent twice {{target}}': rate('tricube_client_lane_resends_total', 'target'),
      },
    ],
    ['Lanes', 'short', { '{{target}}': sum('tricube_client_lanes', 'target') }],
  ],
  'Jobs and events': [
    [
      'Jobs that wait, and dead ones',
      'short',
      { 'waiting {{name}}': sum('tricube_jobs_waiting', 'name'), 'dead {{name}}': sum('tricube_jobs_dead', 'name') },
    ],
    ['Age of the oldest job that waits', 's', { '{{name}}': max('tricube_jobs_oldest_seconds', 'name') }],
    ['Lag of subscriptions', 's', { '{{subscription}}': max('tricube_subscription_lag_seconds', 'subscription') }],
    ['Attempts', 'reqps', { '{{name}} {{outcome}}': rate('tricube_job_attempts_total', 'name, outcome') }],
    ['Duration, 99th percentile', 's', { '{{name}}': quantile(0.99, 'tricube_job_duration_seconds', 'name') }],
    ['Late by, 99th percentile', 's', { '{{name}}': quantile(0.99, 'tricube_job_delay_seconds', 'name') }],
  ],
  Database: [
    [
      'Connections of the pool',
      'short',
      {
        '{{server}} {{state}}': sum('db_client_connections', 'server, state'),
        '{{server}} waiting': sum('db_client_pending_requests', 'server'),
      },
    ],
    [
      'Lanes',
      'short',
      {
        '{{server}} {{state}}': sum('db_client_lanes', 'server, state'),
        '{{server}} statements': sum('db_client_lane_statements', 'server'),
        '{{server}} waiting': sum('db_client_lane_waiting', 'server'),
      },
    ],
    ['Lag of replicas', 's', { '{{server}}': `max by (server) (db_client_replica_lag_seconds{${chosen}})` }],
  ],
  Process: [
    ['Event loop: share of the time at work', 'percentunit', { '{{instance}}': utilization() }],
    [
      'Event loop: delay',
      's',
      {
        'p50 {{instance}}': `nodejs_eventloop_lag_p50_seconds{${chosen}}`,
        'p90 {{instance}}': `nodejs_eventloop_lag_p90_seconds{${chosen}}`,
        'p99 {{instance}}': `nodejs_eventloop_lag_p99_seconds{${chosen}}`,
        'max {{instance}}': `nodejs_eventloop_lag_max_seconds{${chosen}}`,
      },
    ],
    ['CPU', 'short', { '{{instance}}': rate('process_cpu_seconds_total', 'instance') }],
    [
      'Memory',
      'bytes',
      {
        'resident {{instance}}': `process_resident_memory_bytes{${chosen}}`,
        'heap {{instance}}': `nodejs_heap_size_used_bytes{${chosen}}`,
        'heap reserved {{instance}}': `nodejs_heap_size_total_bytes{${chosen}}`,
        'external {{instance}}': `nodejs_external_memory_bytes{${chosen}}`,
      },
    ],
    [
      'Garbage collection: share of the time',
      'percentunit',
      { '{{kind}}': rate('nodejs_gc_duration_seconds_sum', 'kind') },
    ],
    ['Up since', 'dateTimeFromNow', { '{{instance}}': `process_start_time_seconds{${chosen}} * 1000` }],
    [
      'Versions',
      'short',
      { '{{service}} {{version}} on Node {{node}}': sum('tricube_build_info', 'service, version, node') },
    ],
  ],
  Telemetry: [
    [
      'Spans',
      'short',
      {
        queued: sum('tricube_spans_queued', 'instance'),
        'exported a second': rate('tricube_spans_exported_total', 'instance'),
        'dropped a second': rate('tricube_spans_dropped_total', 'instance'),
        'lost a second': rate('tricube_spans_failed_total', 'instance'),
      },
    ],
    [
      'Lines of log that nobody took',
      'short',
      { '{{instance}}': increase('tricube_log_lines_dropped_total', 'instance') },
    ],
  ],
}

function rate(metric, by, also) {
  return `sum by (${by}) (rate(${metric}{${[chosen, also].filter(Boolean).join(',')}}[$__rate_interval]))`
}

function increase(metric, by) {
  return `sum by (${by}) (increase(${metric}{${chosen}}[$__rate_interval]))`
}

function sum(metric, by) {
  return `sum by (${by}) (${metric}{${chosen}})`
}

function max(metric, by) {
  return `max by (${by}) (${metric}{${chosen}})`
}

function share(metric, by, of) {
  return `(${rate(metric, by, of)} or 0 * ${rate(metric, by)}) / ${rate(metric, by)}`
}

function quantile(which, histogram, by) {
  return `histogram_quantile(${which}, ${rate(`${histogram}_bucket`, `${by}, le`)})`
}

function utilization() {
  const time = 'nodejs_eventloop_time_seconds_total'
  return `${rate(time, 'instance', 'state="active"')} / ${rate(time, 'instance')}`
}

function dashboard() {
  const panels = []
  let y = 0
  for (const [title, row] of Object.entries(rows)) {
    panels.push({ id: panels.length + 1, type: 'row', title, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] })
    y += 1
    for (const [i, panel] of row.entries())
      panels.push(chart(panels.length + 1, panel, { x: (i % 3) * 8, y: y + Math.floor(i / 3) * 8 }))
    y += Math.ceil(row.length / 3) * 8
  }
  return {
    uid: 'tricube',
    title: 'tricube services',
    tags: ['tricube'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        source(),
        variable('job', 'http_server_active_requests'),
        variable('instance', 'http_server_active_requests{job=~"$job"}'),
      ],
    },
    panels,
  }
}

function chart(id, [title, unit, queries], { x, y }) {
  return {
    id,
    type: unit === 'dateTimeFromNow' ? 'stat' : 'timeseries',
    title,
    datasource: { type: 'prometheus', uid: '$datasource' },
    gridPos: { x, y, w: 8, h: 8 },
    fieldConfig: { defaults: { unit, min: unit === 'dateTimeFromNow' ? null : 0 }, overrides: [] },
    options: unit === 'dateTimeFromNow' ? {} : { tooltip: { mode: 'multi', sort: 'desc' } },
    targets: Object.entries(queries).map(([legendFormat, expr], i) => ({
      refId: String.fromCodePoint(65 + i),
      expr,
      legendFormat,
      exemplar: expr.startsWith('histogram_quantile'),
    })),
  }
}

function source() {
  return { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }
}

function variable(name, metric) {
  return {
    name,
    type: 'query',
    datasource: { type: 'prometheus', uid: '$datasource' },
    query: { query: `label_values(${metric}, ${name})`, refId: name },
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    refresh: 2,
  }
}

const made = dashboard()
if (!process.argv.includes('--check')) writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`)
else if (JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))) !== JSON.stringify(made)) {
  console.error('deploy/grafana/tricube.json is not what scripts/grafana.mjs writes: run it, and npm run format')
  process.exitCode = 1
}
