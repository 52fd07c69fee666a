/**
 * Email is the identity (rule B3): compared trimmed and case-insensitively, shown as the record has it.
 */
export function normalEmail(text: string | null | undefined): string | null {
  const email = text?.trim().toLowerCase() ?? '';
  return email === '' ? null : email;
}

/** Whether both vendors would take the address: one @, a dot in the domain, no blanks, 254 characters at most. */
export function isPlausibleEmail(email: string): boolean {
  return (
    email.length <= 254 && /^[^\s@,;<>()"]+@[^\s@,;<>()"]+\.[^\s@,;<>()".]{2,}$/u.test(email) && !email.includes('..')
  );
}
