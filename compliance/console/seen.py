"""Forms that overwrite nobody unseen: of two people who save, the second is told once."""

import hashlib
import json
from abc import abstractmethod
from typing import Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext as _t

SEEN = "seen"


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A form that carries, unseen by its reader, which state of the row he saw."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # Asked when the box is drawn: until then the forms below fill theirs.
            self.initial[SEEN] = self.state_seen

    @abstractmethod
    def state_seen(self) -> str:
        """A name for the state of the row that the form shows."""

    def may_overwrite(self, seen: str) -> bool:
        """Whether there is a row that he saw in some state."""
        return bool(self.instance.pk and seen)

    @abstractmethod
    def saved_since(self, seen: str) -> tuple[str, str] | None:
        """If the row is in another state by now: which, and what to tell who typed.

        Holds the row until the transaction ends.
        """

    def clean(self) -> dict[str, Any]:
        """Say so once; who saves again puts his in the other's place."""
        values = super().clean() or self.cleaned_data
        seen = values.get(SEEN, "")
        newer = self.saved_since(seen) if self.may_overwrite(seen) else None
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


class ShownForm(SeenForm):
    """A `SeenForm` whose state is all that it shows: another field saved by another is another."""

    def state_seen(self) -> str:
        """Of the values in the boxes."""
        shown = {
            name: self.get_initial_for_field(box, name)
            for name, box in self.fields.items()
            if name != SEEN
        }
        told = json.dumps(shown, default=str, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def held(self) -> Model | None:
        """The row as it is now, held until the transaction ends; None without one."""
        rows = self._meta.model._default_manager.select_for_update(no_key=True)
        found: Model | None = rows.filter(pk=self.instance.pk).first()
        return found

    def saved_since(self, seen: str) -> tuple[str, str] | None:
        """Somebody saved other values after the form was opened."""
        newest = self.held()
        state = type(self)(instance=newest).state_seen() if newest else seen
        if state == seen:
            return None
        return state, _t(
            "Somebody else saved this after you opened it. What you typed is still here. Open the"
            " page in another tab to see the other's values; saving again puts yours in their"
            " place."
        )
