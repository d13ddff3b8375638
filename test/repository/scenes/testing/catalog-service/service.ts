import { contract, service, t } from 'tricube'

const catalogService = contract('catalog-service', {
  reserve: { route: 'POST /reservations', body: t.Object({ sku: t.String() }) },
})
export default service(catalogService, { handlers: { reserve: () => undefined } })
