// A sign out of the font that the console ships; its meaning stands in the button's label.
export const Icon = ({ name }) => <span class="material-symbols-outlined ts-icon" aria-hidden="true">{name}</span>;
