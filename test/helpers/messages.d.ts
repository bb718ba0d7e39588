/** Every text of two words or more in the sources that may reach a person, with the places where it stands. */
export function messagesOf(folder: string): Map<string, string[]>;
