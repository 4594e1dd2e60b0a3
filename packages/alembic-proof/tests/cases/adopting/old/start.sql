CREATE FUNCTION public.is_code(text) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$ SELECT $1 ~ '^K[0-9]{3}-[aeiou]{2}$' $$;
CREATE FUNCTION public.is_secret(text) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$ SELECT $1 IS NOT NULL AND md5($1) LIKE '000000%' $$;
CREATE TABLE public.users (
    id integer PRIMARY KEY,
    legacy integer,
    code text NOT NULL CHECK (public.is_code(code))
);
