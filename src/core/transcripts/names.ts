/** What a transcript's name may end in; those that tell times and speakers best come first. */
export const transcriptExtensions = ["vtt", "srt", "json", "txt"] as const;

export type TranscriptExtension = (typeof transcriptExtensions)[number];

/** The extension of a file that may be a transcript, in lower case. */
export function transcriptExtension(path: string): TranscriptExtension | undefined {
  const [, extension = ""] = /\.([^./]+)$/.exec(path) ?? [];
  return transcriptExtensions.find((each) => each === extension.toLowerCase());
}

/**
 * The paths that transcripts of an audio file may have: `NAME.vtt`, and `NAME.mp3.vtt`, as whisper.cpp names them; last
 * that of its insights. With `whole` only those that no other recording shares.
 */
export function transcriptNames(audio: string, whole = false): readonly string[] {
  const stems = whole ? [audio] : [audio.replace(/\.[^./]+$/, ""), audio];
  const named = [...new Set(stems)].flatMap((stem) => transcriptExtensions.map((extension) => `${stem}.${extension}`));
  return [...named, insightsNameOf(audio)];
}

const insightsEnd = ".insights.json";

/** The path that the source's own insights into a call have beside its audio, apart from what hooks leave there. */
export function insightsNameOf(audio: string): string {
  return audio + insightsEnd;
}

export function isInsightsName(path: string): boolean {
  return path.endsWith(insightsEnd);
}

/** A transcript's path without what makes it one: that of its audio, with or without the extension. */
export function transcribedStem(path: string): string {
  return isInsightsName(path) ? path.slice(0, -insightsEnd.length) : path.replace(/\.[^.]+$/, "");
}
