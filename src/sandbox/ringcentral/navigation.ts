/** The neighbours of a page. */
export function navigationOf(
  uri: (page: number) => string,
  page: number,
  more: boolean,
  lastPage: number | undefined,
): Readonly<Record<string, { readonly uri: string }>> {
  return {
    firstPage: { uri: uri(1) },
    ...(page > 1 ? { previousPage: { uri: uri(page - 1) } } : {}),
    ...(more ? { nextPage: { uri: uri(page + 1) } } : {}),
    ...(lastPage === undefined ? {} : { lastPage: { uri: uri(lastPage) } }),
  };
}
