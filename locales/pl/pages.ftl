# Strony.

unsubscribe-title = Rezygnacja z powiadomień
unsubscribe-text = Po potwierdzeniu nie będziemy już wysyłać powiadomień serwisu „{ $site }” na adres { $address }.
unsubscribe-button = Rezygnuję z powiadomień
unsubscribed-title = Rezygnacja przyjęta
unsubscribed-text = Nie wysyłamy już powiadomień serwisu „{ $site }” na adres { $address }.
unsubscribed-text-forgotten = Nie wysyłamy już powiadomień serwisu „{ $site }” na ten adres.

index-title = Co nowego
index-text = Wszystko albo jeden temat można śledzić w czytniku kanałów.
index-newest = Najnowsze publikacje
index-tags = Tematy
index-all = Wszystkie publikacje
index-empty = Nie ma jeszcze żadnych publikacji.
list-older = Starsze publikacje
list-more = Więcej publikacji

feeds = Kanały
feeds-text = Czytnik kanałów sam sprawdza, czy jest coś nowego: wystarczy skopiować do niego adres kanału.
feeds-list = Lista wszystkich kanałów (OPML)
feeds-list-in = Lista kanałów { mail-language } (OPML)
feed-note = To jest kanał. Skopiuj jego adres z paska przeglądarki do czytnika kanałów, a nowe publikacje same się w nim pojawią.
feeds-in = Tylko { mail-language }

entry-published = Opublikowano
entry-updated = zaktualizowano
entry-authors = Autorstwo: { $names }
entry-original = Przejdź do publikacji na stronie { $host }
entry-files = Pliki
entry-translations = W innych językach
entry-share = Podziel się treścią
entry-share-mail = Wyślij e-mailem
entry-share-address = Adres do skopiowania
file-size = { $count } { $unit }

skip = Przejdź do treści
languages = Język
language-name = Polski

error-title = { $status ->
    [404] Nie ma takiej strony
    [410] Tego już tu nie ma
    [403] Ten odnośnik jest nieprawidłowy
    [400] Ten odnośnik jest nieprawidłowy
   *[other] Coś poszło nie tak
}
error-text = { $status ->
    [410] To, co tu było, zostało wycofane.
    [404] Być może w adresie jest błąd albo strona została przeniesiona.
    [403] Prosimy jeszcze raz otworzyć odnośnik z wiadomości albo skopiować go w całości.
    [400] Prosimy jeszcze raz otworzyć odnośnik z wiadomości albo skopiować go w całości.
   *[other] Prosimy spróbować ponownie za kilka minut.
}
error-meant = Może chodziło o:
error-home = Co nowego i wszystkie kanały
back = Powrót do serwisu „{ $site }”
