import { resource } from 'tricube'

/** What the provider of payments offers. It charges once for each key. */
export interface Bank {
  charge(payment: { readonly key: string; readonly amount_cents: number; readonly card: string }): Promise<Receipt>
}

/** What the provider returns: the number of the charge, or that the card was declined. */
export type Receipt = { readonly id: string } | { readonly declined: true }

/** Stands for the client of a real provider. It declines the card `declined`. */
export const bank = resource<Bank>({
  open: () => ({
    charge: async ({ key, card }) => (card === 'declined' ? { declined: true } : { id: `charge-${key}` }),
  }),
})
