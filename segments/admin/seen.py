"""Forms that overwrite nobody unseen: of two people who save, the second is told once."""

from abc import abstractmethod
from typing import Any

from django import forms

SEEN = "seen"


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A form that carries, unseen by its reader, which state of the row he saw."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial[SEEN] = self.state_seen()

    @abstractmethod
    def state_seen(self) -> str:
        """A name for the state of the row that the form shows."""

    @abstractmethod
    def saved_since(self, seen: str) -> tuple[str, str] | None:
        """If the row is in another state by now: which, and what to tell who typed.

        Holds the row until the transaction ends.
        """

    def clean(self) -> dict[str, Any]:
        """Say so once; who saves again puts his in the other's place."""
        values = super().clean() or self.cleaned_data
        seen = values.get(SEEN, "")
        newer = self.saved_since(seen) if self.instance.pk and seen else None
        if newer is not None:
            state, sentence = newer
            self.data = {**dict(self.data.items()), SEEN: state}
            self.add_error(None, sentence)
        return values


class SeenFields:
    """Pages with a `SeenForm`: who may change it also sends which state of it he saw."""

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        """The page's fields and the unseen one."""
        told = super().get_fields(request, obj)  # type: ignore[misc]  # mixed into an admin
        may_change = self.has_change_permission(request, obj)  # type: ignore[attr-defined]
        return [*told, SEEN] if may_change else told
