/**
 * The step that makes searches quick: what a recording is found by, folded as `core/folding` does it, in a table of its own
 * that triggers keep right whoever writes, and a trigram index over it where the extension pg_trgm may be had.
 */
export const searchStep = String.raw`
  DO $do$
  DECLARE lowering text; plain text := 'words';
  BEGIN
    IF getdatabaseencoding() = 'UTF8' AND current_setting('server_version_num')::integer >= 130000 THEN
      plain := $bare$regexp_replace(normalize(words, NFKD),
        '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u20d0-\u20f0\ufe20-\ufe2f]', '', 'g')$bare$;
    END IF;
    SELECT ' COLLATE pg_catalog.' || quote_ident(collname) INTO lowering FROM pg_collation
      WHERE collnamespace = 'pg_catalog'::regnamespace AND collname IN ('und-x-icu', 'pg_c_utf8', 'C.utf8')
        AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))
      ORDER BY collname DESC LIMIT 1;
    EXECUTE format($make$
      CREATE FUNCTION folded(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $body$
      DECLARE plain text; digits text;
      BEGIN
        IF octet_length(words) = length(words) THEN plain := lower(words);
        ELSE plain := translate(
          replace(replace(replace(replace(lower(%s%s), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
          'øłđðħıŋŧ’‘ʼ‐‑–', 'olddhint''''''---');
        END IF;
        IF plain ~ '\d[ ().\-/]' THEN
          SELECT string_agg(regexp_replace(groups.at[1], '\D', '', 'g'), chr(10)) INTO digits
            FROM regexp_matches(plain, '(\(?\d[\d ().\-/]{2,}\d)', 'g') AS groups (at);
        END IF;
        RETURN concat_ws(chr(10), plain, digits);
      END $body$ $make$, plain, coalesce(lowering, ''));
  END $do$;

  CREATE TABLE words (recording bigint PRIMARY KEY, text text NOT NULL);
  CREATE FUNCTION note_words(seqs bigint[]) RETURNS void LANGUAGE sql SET search_path = callreel AS $body$
    INSERT INTO words SELECT r.seq, folded(concat_ws(chr(10), r.from_number, r.to_number, r.extension, r.user_name, r.name,
        r.id, replace(s.words, chr(10), ' ')))
      FROM recordings AS r LEFT JOIN spoken AS s ON s.recording = r.seq WHERE r.seq = ANY (seqs)
      ON CONFLICT (recording) DO UPDATE SET text = excluded.text
  $body$;
  SELECT note_words(array_agg(seq)) FROM recordings;

  CREATE FUNCTION words_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = callreel AS $body$ BEGIN
    INSERT INTO words SELECT seq, folded(concat_ws(chr(10), from_number, to_number, extension, user_name, name, id))
      FROM new_rows;
    RETURN NULL;
  END $body$;
  CREATE TRIGGER words_insert AFTER INSERT ON recordings REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION words_insert();
  CREATE FUNCTION words_update() RETURNS trigger LANGUAGE plpgsql SET search_path = callreel AS $body$
  DECLARE changed bigint[];
  BEGIN
    SELECT array_agg(n.seq) INTO changed FROM new_rows AS n JOIN old_rows AS o ON o.seq = n.seq
      WHERE (n.from_number, n.to_number, n.extension, n.user_name, n.name)
        IS DISTINCT FROM (o.from_number, o.to_number, o.extension, o.user_name, o.name);
    IF changed IS NOT NULL THEN PERFORM note_words(changed); END IF;
    RETURN NULL;
  END $body$;
  CREATE TRIGGER words_update AFTER UPDATE ON recordings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION words_update();
  CREATE FUNCTION words_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = callreel AS $body$ BEGIN
    DELETE FROM words WHERE recording IN (SELECT seq FROM old_rows);
    RETURN NULL;
  END $body$;
  CREATE TRIGGER words_delete AFTER DELETE ON recordings REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION words_delete();
  CREATE FUNCTION spoken_change() RETURNS trigger LANGUAGE plpgsql SET search_path = callreel AS $body$ BEGIN
    PERFORM note_words(array_agg(recording)) FROM changed_rows;
    RETURN NULL;
  END $body$;
  CREATE TRIGGER spoken_insert AFTER INSERT ON spoken REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION spoken_change();
  CREATE TRIGGER spoken_update AFTER UPDATE ON spoken REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION spoken_change();
  CREATE TRIGGER spoken_delete AFTER DELETE ON spoken REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION spoken_change();

  CREATE INDEX recordings_by_length ON recordings ((coalesce(audio_seconds, duration, 0)), seq);
  DO $do$
  DECLARE home text;
  BEGIN
    BEGIN
      CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
    SELECT nspname INTO home FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
      WHERE extname = 'pg_trgm' AND has_schema_privilege(n.oid, 'USAGE');
    IF home IS NOT NULL THEN
      EXECUTE format('CREATE INDEX words_by_piece ON words USING gin (text %I.gin_trgm_ops)', home);
    END IF;
  END $do$;
`;

/** Whether the trigram index is there; without it searches read recordings one by one. */
export const searchIndexSql = `SELECT to_regclass('callreel.words_by_piece') IS NOT NULL AS found`;

/** What makes it afterwards. */
export const searchIndexRemedy =
  "as an administrator: CREATE EXTENSION pg_trgm; then CREATE INDEX CONCURRENTLY words_by_piece ON callreel.words USING gin (text gin_trgm_ops)";
