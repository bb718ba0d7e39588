/** What a transcript's name may end in; those that tell times and speakers best come first. */
export const transcriptExtensions = ["vtt", "srt", "json", "txt"] as const;

export type TranscriptExtension = (typeof transcriptExtensions)[number];

/** The extension of a file that may be a transcript, in lower case. */
export function transcriptExtension(path: string): TranscriptExtension | undefined {
  const [, extension = ""] = /\.([^./]+)$/.exec(path) ?? [];
  return transcriptExtensions.find((each) => each === extension.toLowerCase());
}

/**
 * The paths that transcripts of an audio file may have: `NAME.vtt`, and `NAME.mp3.vtt`, as whisper.cpp names them. With
 * `whole` only the latter, which no other recording shares.
 */
export function transcriptNames(audio: string, whole = false): readonly string[] {
  const stems = whole ? [audio] : [audio.replace(/\.[^./]+$/, ""), audio];
  return [...new Set(stems)].flatMap((stem) => transcriptExtensions.map((extension) => `${stem}.${extension}`));
}
