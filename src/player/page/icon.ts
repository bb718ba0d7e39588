/** The page's icon: sound, as bars. */
export const playerIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57c2"/><path d="M3.5 6.5v3M6.5 4v8M9.5 5.5v5M12.5 7v2" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/></svg>
`;
