/**
 * JSON.parse that answers undefined for what is not JSON, keeps as text what a number does not hold exactly (long
 * integers, and those with an exponent, which have lost digits already), and takes Python's NaN and Infinity for null.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(odd.test(text) ? text.replace(oddTokens, exactly) : text);
  } catch {
    return undefined;
  }
}

const odd = /[\s:,[](?:-?\d{16}|-?\d+(?:\.\d+)?[eE]|NaN|-?Infinity)/;
const oddTokens = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])|-?\d+(?:\.\d+)?[eE][+-]?\d+|\bNaN\b|-?\bInfinity\b/g;

function exactly(token: string): string {
  if (token.startsWith('"')) return token;
  if (/[NI]/.test(token)) return "null";
  return /e/i.test(token) || !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
}
