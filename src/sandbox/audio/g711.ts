/** One 16-bit linear sample as ITU-T G.711 A-law. */
export function alawOf(sample: number): number {
  const negative = sample < 0;
  const magnitude = (negative ? ~sample : sample) >> 3;
  const segment = Math.max(0, 31 - Math.clz32(magnitude | 0x1f) - 4);
  const mantissa = segment < 2 ? (magnitude >> 1) & 0x0f : (magnitude >> segment) & 0x0f;
  return ((segment << 4) | mantissa) ^ (negative ? 0x55 : 0xd5);
}

/** One 16-bit linear sample as ITU-T G.711 u-law. */
export function ulawOf(sample: number): number {
  const negative = sample < 0;
  const magnitude = Math.min((negative ? -sample : sample) >> 2, 8158) + 33;
  const segment = Math.min(7, 31 - Math.clz32(magnitude) - 5);
  const mantissa = (magnitude >> (segment + 1)) & 0x0f;
  return ~((negative ? 0x80 : 0) | (segment << 4) | mantissa) & 0xff;
}
