import React from 'react';
import Layout from '@theme/Layout';

export default function Home() {
  return (
    <Layout title="Hearthgate" description="One box for the energy of your home">
      <main>
        <h1>One box for the energy of your home</h1>
        <p>Hearthgate joins meter, solar roof, car and heat pump.</p>
      </main>
    </Layout>
  );
}
