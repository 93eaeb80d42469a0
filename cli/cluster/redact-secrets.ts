/** What secrets look like where nobody expects one: in messages of servers and programs, and in URLs. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // The password of a URL.
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s/@:"']*:)[^\s/@"']+@/gi, '$1***@'],
  [/\b(Bearer\s+)[A-Za-z0-9\-._~+/]+=*/gi, '$1***'],
  // `espalier token new`.
  [/\bespalier_[A-Za-z0-9_-]{40,}/g, 'espalier_***'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)/gs, '*** (a private key)'],
];

/** A line without the passwords, tokens and private keys that may have got into it. */
export function redactSecrets(line: string): string {
  return SECRETS.reduce((text, [secret, instead]) => text.replace(secret, instead), line);
}
