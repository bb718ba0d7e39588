import type { Place } from "./store.ts";

/** Remembers where pages begin, so that reading a long log page by page does not start from the top each time. */
export interface PagePlaces {
  get(query: string, page: number): { readonly page: number; readonly place: Place | undefined };
  set(query: string, page: number, place: Place): void;
}

/** Opens a memory of the newest thousand page beginnings. */
export function openPagePlaces(): PagePlaces {
  const places = new Map<string, Place>();
  const keyOf = (query: string, page: number) => `${page} ${query}`;
  return {
    get(query, page) {
      const place = places.get(keyOf(query, page));
      return place ? { page, place } : { page: 1, place: undefined };
    },
    set(query, page, place) {
      places.set(keyOf(query, page), place);
      if (places.size > 1_000) for (const oldest of [...places.keys()].slice(0, 500)) places.delete(oldest);
    },
  };
}
