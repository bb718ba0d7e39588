/** The page's icon: sound, as bars. */
export const playerIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57c2"/><path d="M3.5 6.5v3M6.5 4v8M9.5 5.5v5M12.5 7v2" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/></svg>
`;

/** Icons within the page, each used by its name: `<use href="#i-play">`. */
export const iconSprite = `<svg hidden><defs>
${icon("play", '<path d="M5 3.2v9.6L13 8z" fill="currentColor"/>')}
${icon("pause", '<path d="M4 3h3v10H4zM9 3h3v10H9z" fill="currentColor"/>')}
${icon("next", '<path d="M3 3.2v9.6L10 8zM11 3h2v10h-2z" fill="currentColor"/>')}
${icon("previous", '<path d="M13 3.2v9.6L6 8zM3 3h2v10H3z" fill="currentColor"/>')}
${icon("inbound", line("M12.5 3.5l-8 8M4.5 5.5v6h6"))}
${icon("outbound", line("M3.5 12.5l8-8M5.5 4.5h6v6"))}
${icon("internal", line("M2.5 8h11M5 5L2 8l3 3M11 5l3 3-3 3"))}
${icon("unknown", line("M4 8h8"))}
</defs></svg>`;

function icon(name: string, shape: string): string {
  return `<symbol id="i-${name}" viewBox="0 0 16 16">${shape}</symbol>`;
}

function line(path: string): string {
  return `<path d="${path}" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>`;
}
