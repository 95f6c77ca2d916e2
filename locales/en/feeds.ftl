# Feeds by a query for topics, and what is said of queries that make no sense. $first are labels
# separated by commas, $last is the last one.

query-or = { $first } or { $last }
query-and = { $first } and { $last }
query-all-and-any = { $all } and ({ $any })
query-everything = Everything
query-without = { $count ->
    [one] { $what }, without the topic “{ $topics }”
   *[other] { $what }, without the topics: { $topics }
}

query-unknown-parameter = There is no parameter “{ $name }”.
query-repeated-parameter = The parameter “{ $name }” is given more than once.
query-too-long = The query is too long.
query-too-many-tags = The query has too many topics.
query-no-tag = Parameter “{ $name }”: there is no topic “{ $value }”.
query-no-language = Parameter “lang”: nothing is published in “{ $value }”. Languages of the site: { $known }.
query-help = The address of a feed by a query is like { $example }
    any: at least one of these topics; all: each of them; none: none of them; lang: in one of these languages.
    Each parameter may be given once, its values separated by commas.
    The largest number of topics: { $tags }. The longest query, in bytes: { $bytes }.
