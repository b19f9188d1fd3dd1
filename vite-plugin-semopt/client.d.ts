declare module '*?semopt' {
  const image: import('vite-plugin-semopt').Image
  export default image
}

declare module '*?semopt&picture' {
  /** `<picture>…</picture>`, as `semopt html` writes it. */
  const markup: string
  export default markup
}

declare module '*&semopt&picture' {
  /** The same with attributes before: `./cat.jpg?alt=A%20cat&semopt&picture`. */
  const markup: string
  export default markup
}
