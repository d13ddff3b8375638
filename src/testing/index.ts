export { fakeConsul, type FakeConsul, type FakeConsulOptions, type Fault } from '../fakeConsul/fakeConsul.ts'
export {
  fakeKubernetes,
  type FakeKubernetes,
  type FakeKubernetesOptions,
  type KubernetesFault,
} from '../fakeKubernetes/fakeKubernetes.ts'
export { kubernetesMischief, type KubernetesMischiefOptions } from '../fakeKubernetes/mischief.ts'
export type { FakeSlice } from '../fakeKubernetes/slices.ts'
export { faultProxy, type FaultProxy, type FaultProxyOptions } from '../faultProxy/faultProxy.ts'
export type {
  BandwidthToxic,
  DownToxic,
  LatencyToxic,
  ResetPeerToxic,
  SlicerToxic,
  Stream,
  TimeoutToxic,
  Toxic,
} from '../faultProxy/toxics.ts'
export { PostgresError } from '../postgres/error.ts'
export { startPostgres, type EmbeddedPostgres, type PostgresOptions } from '../postgres/start.ts'
export type { ForeignHttp, HttpCall, HttpMocks, HttpReply, HttpRoutes } from './foreignHttp/types.ts'
export type { JobRun, RunJobsOptions } from './runJobs.ts'
export { TestFailure } from './checks.ts'
export type { TestCaller } from './testCaller.ts'
export type { AppAs, TestApp, TestOptions } from './testApp.ts'
export { testService } from './testService.ts'
export type { SystemJobRun } from './eventsBetween.ts'
export { testSystem, type TestedServices, type TestSystem } from './testSystem.ts'
export type {
  Mock,
  MockedCall,
  MockedResponse,
  Mocks,
  TestCall,
  TestCallOptions,
  TestClient,
  TestResponse,
} from './types.ts'
