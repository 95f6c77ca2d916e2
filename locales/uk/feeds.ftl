# Стрічки за запитами про теми, і що ми відповідаємо на запити, яких не розуміємо. Назви тем стоять у
# називному відмінку. $first — назви через кому, $last — остання.

query-or = { $first } або { $last }
query-and = { $first } та { $last }
query-all-and-any = { $all } та ({ $any })
query-everything = Усе
query-without = { $count ->
    [one] { $what }, без теми «{ $topics }»
   *[other] { $what }, без тем: { $topics }
}

query-unknown-parameter = Параметра «{ $name }» немає.
query-repeated-parameter = Параметр «{ $name }» вказано більш ніж один раз.
query-too-long = Запит задовгий.
query-too-many-tags = У запиті забагато тем.
query-no-tag = Параметр «{ $name }»: теми «{ $value }» немає.
query-no-language = Параметр «lang»: публікацій мовою «{ $value }» немає. Мови сайту: { $known }.
query-help = Стрічка за запитом має адресу на зразок { $example }
    any: принаймні одна з цих тем; all: кожна з них; none: жодна з них; lang: однією з цих мов.
    Кожен параметр можна вказати один раз, зі значеннями через кому.
    Найбільша кількість тем: { $tags }. Найбільша довжина запиту в байтах: { $bytes }.
