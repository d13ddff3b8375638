import { resource } from 'tricube'

/** What the provider of mails offers. It sends once for each key. */
export interface PostOffice {
  send(mail: { readonly key: string; readonly recipient: string; readonly subject: string }): Promise<void>
}

/** Stands for the client of a real provider. */
export const postOffice = resource<PostOffice>({
  open: ({ log }) => ({
    send: async ({ recipient, subject }) => log.info({ recipient, subject }, 'a mail was sent'),
  }),
})
