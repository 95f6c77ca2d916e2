# Strony.

unsubscribe-title = Rezygnacja z powiadomień
unsubscribe-text = Po potwierdzeniu nie będziemy już wysyłać powiadomień serwisu „{ $site }” na adres { $address }.
unsubscribe-button = Rezygnuję z powiadomień
unsubscribed-title = Rezygnacja przyjęta
unsubscribed-text = Nie wysyłamy już powiadomień serwisu „{ $site }” na adres { $address }.
unsubscribed-text-forgotten = Nie wysyłamy już powiadomień serwisu „{ $site }” na ten adres.

index-title = Co nowego
index-text = Najnowsze publikacje w jednym miejscu. Można śledzić wszystkie albo tylko jeden temat.
index-choose = Wybierz temat
index-newest = Najnowsze publikacje
index-tags = Tematy
index-all = Wszystkie publikacje
index-empty = Nie ma jeszcze żadnych publikacji.
list-older = Starsze publikacje
list-also = także
list-more = Więcej publikacji

follow = Bądź na bieżąco
follow-address = Adres kanału „{ $name }”
follow-what = Co to jest czytnik RSS?
follow-what-text = To program, który sam sprawdza, co nowego w wybranych serwisach, i pokazuje to w jednym miejscu. Nie trzeba zakładać tu konta ani podawać adresu e-mail. Bezpłatne czytniki to na przykład Thunderbird (komputer), Feeder (Android) i NetNewsWire (iPhone, Mac).
feeds = Inne kanały i formaty
feeds-text = Skopiuj adres kanału i wklej go w czytniku RSS, a nowe publikacje same się w nim pojawią.
feeds-list = Lista wszystkich kanałów (OPML)
feeds-list-in = Lista kanałów { mail-language } (OPML)
feed-note = To jest kanał dla czytników RSS. Skopiuj jego adres z paska przeglądarki i wklej go w czytniku, a nowe publikacje same się w nim pojawią.
feed-note-archive = To jest archiwum kanału dla czytników RSS: nic nowego tu nie przybędzie. Sam kanał ma adres:
feeds-in = Tylko { mail-language }

entry-published = Opublikowano
entry-updated = zaktualizowano
entry-in = Także { mail-language }:
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
    [410] Tej strony już nie ma
    [403] Ten odnośnik jest nieprawidłowy
    [400] Ten odnośnik jest nieprawidłowy
   *[other] Coś poszło nie tak
}
error-text = { $status ->
    [410] To, co tu było, zostało wycofane.
    [404] Być może w adresie jest błąd albo strona została przeniesiona.
    [403] Prosimy jeszcze raz otworzyć odnośnik z wiadomości albo skopiować go w całości.
    [400] Prosimy jeszcze raz otworzyć odnośnik z wiadomości albo skopiować go w całości.
   *[other] Prosimy spróbować ponownie za kilka minut.
}
error-meant = Może chodziło o:
error-feeds = Kanały ze wszystkimi publikacjami, dla czytników RSS:
error-home = Co nowego i wszystkie kanały
back = Powrót do serwisu „{ $site }”
