import { contract, t } from 'tricube'

export const pspService = contract('psp-service', {
  charge: { route: 'POST /charges', body: t.Object({ amount: t.Integer() }), returns: t.Object({ id: t.String() }) },
})
