# Strony.

unsubscribe-title = Rezygnacja z powiadomień
unsubscribe-text = Po potwierdzeniu nie będziemy już wysyłać powiadomień serwisu „{ $site }” na adres { $address }.
unsubscribe-button = Rezygnuję z powiadomień
unsubscribed-title = Rezygnacja przyjęta
unsubscribed-text = Nie wysyłamy już powiadomień serwisu „{ $site }” na adres { $address }.
unsubscribed-text-forgotten = Nie wysyłamy już powiadomień serwisu „{ $site }” na ten adres.

index-title = Co nowego
index-newest = Najnowsze publikacje
index-tags = Tematy
index-all = Wszystkie publikacje
index-empty = Nie ma jeszcze żadnych publikacji.
index-feeds = Wszystko albo jeden temat można śledzić w czytniku kanałów:

error-title = { $status ->
    [404] Nie ma takiej strony
    [410] Tego już tu nie ma
    [403] Ten odnośnik jest nieprawidłowy
    [400] Ten odnośnik jest nieprawidłowy
   *[other] Coś poszło nie tak
}
error-text = { $status ->
    [404] Być może w adresie jest błąd albo strona została przeniesiona.
    [410] Było tu dawniej i już nie wróci.
    [403] Prosimy jeszcze raz otworzyć odnośnik z wiadomości albo skopiować go w całości.
    [400] Prosimy jeszcze raz otworzyć odnośnik z wiadomości albo skopiować go w całości.
   *[other] Prosimy spróbować ponownie za kilka minut.
}
error-meant = Może chodziło o:
error-home = Co nowego i wszystkie kanały
back = Powrót do serwisu „{ $site }”
