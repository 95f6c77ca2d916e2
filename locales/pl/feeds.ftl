# Kanały z zapytań o tematy, i co odpowiadamy na zapytania, których nie rozumiemy. Etykiety tematów
# są w mianowniku. $first to etykiety rozdzielone przecinkami, $last to ostatnia.

query-or = { $first } lub { $last }
query-and = { $first } i { $last }
query-all-and-any = { $all } i ({ $any })
query-everything = Wszystko
query-without = { $count ->
    [one] { $what }, bez tematu „{ $topics }”
   *[other] { $what }, bez tematów: { $topics }
}

query-unknown-parameter = Nie ma parametru „{ $name }”.
query-repeated-parameter = Parametr „{ $name }” podano więcej niż raz.
query-too-long = Zapytanie jest za długie.
query-too-many-tags = W zapytaniu jest za dużo tematów.
query-no-tag = Parametr „{ $name }”: nie ma tematu „{ $value }”.
query-no-language = Parametr „lang”: nie ma publikacji w języku „{ $value }”. Języki serwisu: { $known }.
query-help = Kanał z zapytania ma adres taki jak { $example }
    any: co najmniej jeden z tych tematów; all: każdy z nich; none: żaden z nich; lang: w jednym z tych języków.
    Każdy parametr można podać raz, z wartościami rozdzielonymi przecinkami.
    Największa liczba tematów: { $tags }. Największa długość zapytania w bajtach: { $bytes }.
