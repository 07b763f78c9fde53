-- The first runs by a metric are found in its order, and not by sorting all: the former index had all but the value.
create index series_by_value on tracking.series (key, value, run);
drop index tracking.series_by_key;
